"""uvicorn's ProxyHeadersMiddleware for the requests of costs.rs: nanoseconds a call, an app that does nothing
taken off. Run by tests/run's Python: target/tools/bin/python benches/proxy_headers.py"""

import asyncio
import time

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

OTHERS = [
    (b"host", b"api.example.com"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
    (b"accept", b"text/html,application/xhtml+xml"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"accept-language", b"en-US,en;q=0.9"),
    (b"cookie", b"session=0123456789abcdef"),
    (b"referer", b"https://app.example.com/"),
    (b"x-amzn-trace-id", b"Root=1-67891233-abcdef012345678912345678"),
    (b"content-length", b"0"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-port", b"443"),
]


async def app(scope, receive, send):
    pass


async def fastest(call, headers):
    best = float("inf")
    for _ in range(300):
        started = time.perf_counter_ns()
        for _ in range(500):
            scope = {"type": "http", "scheme": "http", "client": ("10.0.0.1", 40000), "headers": headers}
            await call(scope, None, None)
        best = min(best, (time.perf_counter_ns() - started) / 500)
    return best


async def main():
    middleware = ProxyHeadersMiddleware(app, trusted_hosts=["10.0.0.0/8", "127.0.0.1"])
    for name, value in [("one hop", b"203.0.113.7"), ("two hops", b"203.0.113.7, 10.0.0.2")]:
        headers = [*OTHERS, (b"x-forwarded-for", value)]
        added = await fastest(middleware, headers) - await fastest(app, headers)
        print(f"{name}: {added:.0f} ns")


asyncio.run(main())
