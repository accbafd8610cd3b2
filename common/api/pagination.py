"""Lists: `?page=&pageSize=` → count, next, previous, results."""

from rest_framework.pagination import PageNumberPagination


class PagePagination(PageNumberPagination):
    page_size = 20
    max_page_size = 100
    page_size_query_param = "pageSize"
