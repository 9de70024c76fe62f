"""A small library's API as many FastAPI services are: typed, slow, and silent about caching."""

import asyncio
import os

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

PAUSE = float(os.environ.get("PAUSE_MS", "150")) / 1000
app = FastAPI(title="Library")
bearer = HTTPBearer()
books = {number: {"id": number, "title": f"Book {number}", "lent": False} for number in range(1, 41)}


class Lending(BaseModel):
    lent: bool


@app.get("/books")
async def list_books(page: int = 1):
    await asyncio.sleep(PAUSE)
    return {"page": page, "books": list(books.values())[(page - 1) * 10 : page * 10]}


@app.get("/books/{book_id}")
async def read_book(book_id: int):
    await asyncio.sleep(PAUSE)
    if book_id not in books:
        raise HTTPException(404, "no such book")
    return books[book_id]


@app.put("/books/{book_id}/lending")
async def lend_book(book_id: int, lending: Lending):
    if book_id not in books:
        raise HTTPException(404, "no such book")
    books[book_id]["lent"] = lending.lent
    return books[book_id]


@app.get("/me/loans")
async def my_loans(caller: HTTPAuthorizationCredentials = Depends(bearer)):
    await asyncio.sleep(PAUSE)
    return {"of": caller.credentials, "loans": []}
