"""The API of accounts: signing in, one's own profile, and people as administrators see them."""
