"""The ways out to people: one module a channel.

A transport is a function `send(*, notification, user)`: it returns when the message was taken over, or raises
`TransportError`. Retrying is the dispatcher's business (`notifications.dispatch`), never a transport's.
"""

# The contract: channel -> the dotted path of its function, imported when first needed.
TRANSPORTS = {
    "email": "notifications.transports.email.send",
    "sms": "notifications.transports.sms.send",
    "push": "notifications.transports.push.send",
}


class TransportError(Exception):
    """The message was not taken. `permanent`: another try would end the same."""

    def __init__(self, detail: str, *, permanent: bool = False) -> None:
        super().__init__(detail)
        self.permanent = permanent
