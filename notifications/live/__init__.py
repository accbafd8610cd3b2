"""`/ws/live`: what happens, told to whoever is connected, and to who comes back within the hour.

`common.live` writes events to Redis streams; `fanout` reads them once a process and hands them to `sockets`, which
`consumers` serve; `identity` says who is listening, `cursors` what they have seen.
"""
