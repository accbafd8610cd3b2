"""Two small applications for the tests of the shared port: WSGI says what it got, ASGI echoes."""

from typing import Any


def web(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    body = environ["wsgi.input"].read()
    said = f"{environ['PATH_INFO']} from {environ['REMOTE_ADDR']} with {len(body)}".encode()
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said]


async def live(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 426, "headers": []})
        await send({"type": "http.response.body", "body": b"live"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    host, port = scope["client"]
    await send({"type": "websocket.send", "text": f"{scope['path']} from {host}:{port}"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        await send({"type": "websocket.send", "text": message["text"]})
