"""Behaviour checks of a Django database backend, run inside the virtual environment that has it.

Usage: python checks.py djongo|mongodb MONGODB_URI DATABASE. Prints one line of JSON: the checks that pass and fail.
Standalone on purpose: it must run under Djongo's own old pins, so nothing of the project is imported.
"""

import json
import sys
import threading
from datetime import datetime, timedelta, timezone

import django
from django.conf import settings

KIND, URI, NAME = sys.argv[1:4]
DATABASES = {
    "djongo": {"ENGINE": "djongo", "NAME": NAME, "CLIENT": {"host": URI}},
    "mongodb": {"ENGINE": "django_mongodb_backend", "NAME": NAME, "HOST": URI},
}
AUTO = {
    "djongo": "django.db.models.BigAutoField",
    "mongodb": "django_mongodb_backend.fields.ObjectIdAutoField",
}
settings.configure(
    DATABASES={"default": DATABASES[KIND]},
    INSTALLED_APPS=[],
    DEFAULT_AUTO_FIELD=AUTO[KIND],
    USE_TZ=True,
    TIME_ZONE="UTC",
    SECRET_KEY="for checks alone",
)
django.setup()

from django.db import IntegrityError, connection, models  # noqa: E402
from django.db.models import Avg, Count, F, Max, Q, Sum  # noqa: E402


class Shelf(models.Model):
    name = models.CharField(max_length=50, unique=True)

    class Meta:
        app_label = "checks"


class Item(models.Model):
    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE, related_name="items")
    name = models.CharField(max_length=50)
    flag = models.BooleanField(default=False)
    number = models.IntegerField(default=0)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    at = models.DateTimeField(null=True)

    class Meta:
        app_label = "checks"
        indexes = [models.Index(fields=["-number"], name="number_down")]


START = datetime(2026, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 — old Pythons run this file too


def fill():
    Item.objects.all().delete()
    Shelf.objects.all().delete()
    shelves = [Shelf.objects.create(name=name) for name in ("top", "low")]
    for n in range(10):
        Item.objects.create(
            shelf=shelves[n % 2],
            name=f"item {n}",
            flag=n % 3 == 0,
            number=n,
            price="1.50",
            at=START + timedelta(days=n),
        )
    return shelves


def rolls_back():
    if KIND == "mongodb":
        from django_mongodb_backend import transaction
    else:
        from django.db import transaction
    try:
        with transaction.atomic():
            Shelf.objects.create(name="gone")
            raise KeyError
    except KeyError:
        pass
    return not Shelf.objects.filter(name="gone").exists()


def refuses_duplicates():
    try:
        Shelf.objects.create(name="top")
    except IntegrityError:
        return True
    return False


def counts_up_atomically():
    item = Item.objects.get(name="item 1")

    def add():
        for _ in range(20):
            Item.objects.filter(pk=item.pk).update(number=F("number") + 1)
        connection.close()

    workers = [threading.Thread(target=add) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return Item.objects.get(pk=item.pk).number == 81


def index_goes_down():
    found = connection.connection if KIND == "djongo" else connection.database
    keys = [index["key"] for index in found["checks_item"].list_indexes()]
    return any(dict(key).get("number") == -1 for key in keys)


def conditional_update_has_one_winner():
    first = Item.objects.filter(name="item 2", number=2).update(number=200)
    return first == 1 and Item.objects.filter(name="item 2", number=2).update(number=201) == 0


CHECKS = {
    "filter by a boolean": lambda s: Item.objects.filter(flag=True).count() == 4,
    "exclude": lambda s: Item.objects.exclude(flag=True).count() == 6,
    "either or": lambda s: Item.objects.filter(Q(number=1) | Q(number=2)).count() == 2,
    "not": lambda s: Item.objects.filter(~Q(number__gte=5)).count() == 5,
    "in a list": lambda s: Item.objects.filter(number__in=[1, 2, 99]).count() == 2,
    "newest three": lambda s: [i.number for i in Item.objects.order_by("-number")[:3]] == [9, 8, 7],
    "second page": lambda s: [i.number for i in Item.objects.order_by("number")[3:6]] == [3, 4, 5],
    "null": lambda s: Item.objects.filter(at__isnull=True).count() == 0,
    "between": lambda s: Item.objects.filter(at__range=(START, START + timedelta(days=2))).count() == 3,
    "search text is no pattern": lambda s: Item.objects.filter(name__icontains="item .").count() == 0,
    "starts with": lambda s: Item.objects.filter(name__startswith="item").count() == 10,
    "through a foreign key": lambda s: Item.objects.filter(shelf__name="top").count() == 5,
    "select related": lambda s: Item.objects.select_related("shelf").get(number=3).shelf.name == "low",
    "values": lambda s: list(Item.objects.filter(number=4).values_list("name", flat=True)) == ["item 4"],
    "distinct": lambda s: Item.objects.values("flag").distinct().count() == 2,
    "sum and mean": lambda s: Item.objects.aggregate(a=Sum("number"), b=Avg("number")) == {"a": 45, "b": 4.5},
    "count distinct": lambda s: Item.objects.aggregate(n=Count("flag", distinct=True))["n"] == 2,
    "count with a filter": lambda s: Item.objects.aggregate(n=Count("id", filter=Q(flag=True)))["n"] == 4,
    "group by": lambda s: (
        sorted(Item.objects.values("shelf_id").annotate(top=Max("number")).values_list("top", flat=True))
        == [8, 9]
    ),
    "decimal stays exact": lambda s: str(Item.objects.get(number=5).price) == "1.50",
    "times come back aware": lambda s: Item.objects.get(number=5).at == START + timedelta(days=5),
    "get or create": lambda s: Shelf.objects.get_or_create(name="top")[1] is False,
    "duplicates are refused": lambda s: refuses_duplicates(),
    "a transaction rolls back": lambda s: rolls_back(),
    "atomic counting": lambda s: counts_up_atomically(),
    "conditional update": lambda s: conditional_update_has_one_winner(),
    "descending index": lambda s: index_goes_down(),
    "bulk create": lambda s: (
        len(Item.objects.bulk_create([Item(shelf=s[0], name="b") for _ in range(5)])) == 5
    ),
}


def main():
    with connection.schema_editor() as editor:
        editor.create_model(Shelf)
        editor.create_model(Item)
    passed, failed = [], {}
    for name, check in CHECKS.items():
        try:
            right = check(fill())
        except Exception as error:  # noqa: BLE001 — whatever a backend raises is its answer
            failed[name] = type(error).__name__
            continue
        if right:
            passed.append(name)
        else:
            failed[name] = "wrong answer"
    print(
        json.dumps({"django": django.__version__, "passed": len(passed), "of": len(CHECKS), "failed": failed})
    )


main()
