async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", b"7")]})
    await send({"type": "http.response.body", "body": b"uvicorn"})
