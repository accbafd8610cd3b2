"""How passwords are hashed."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB and two passes, the OWASP password storage cheat sheet's choice.

    Django's default of 100 MiB and eight lanes would let a few sign-ins at once take a small server's memory.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
