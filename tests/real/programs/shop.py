"""An application of FastAPI's, for uvicorn: an answer that waits, one that a thread gives, and one behind a lock."""

import asyncio
import time

from fastapi import FastAPI

app = FastAPI()
stock = asyncio.Lock()


@app.get("/item/{number}")
async def item(number: int):
    await asyncio.sleep(0.002)
    return {"item": number}


@app.get("/price/{number}")
def price(number: int):
    time.sleep(0.002)
    return {"price": 3 * number}


@app.get("/order/{number}")
async def order(number: int):
    async with stock:
        await asyncio.sleep(0)
    return {"order": number}
