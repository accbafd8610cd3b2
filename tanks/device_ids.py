"""What a device may be called: its id is part of topics, and of `<deviceId>:<secret>`."""

MAX_LENGTH = 128
DEVICE_ID = r"^[^\s\x00-\x1f\x7f#+$:]([^\x00-\x1f\x7f#+]*[^\s\x00-\x1f\x7f#+])?$"
