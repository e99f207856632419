# What FastAPI behind uvicorn's ProxyHeadersMiddleware makes of a request.
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/")
async def show(request: Request):
    return {"client": request.client.host if request.client else None, "url": str(request.url)}
