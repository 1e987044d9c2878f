"""SQLAlchemy's asyncio extension runs its engine in greenlets, and aiosqlite the database in a thread."""

import asyncio

from sqlalchemy import String, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import StaticPool


class Base(DeclarativeBase):
    pass


class Word(Base):
    __tablename__ = "words"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(20))


async def add(session_of, first):
    async with session_of() as session, session.begin():
        session.add_all(Word(text=f"word {number}") for number in range(first, first + 5))


async def main():
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    session_of = async_sessionmaker(engine)
    for first in range(0, 50, 5):
        await add(session_of, first)
    async with session_of() as session:
        words = (await session.scalars(select(Word).order_by(Word.id))).all()
        print(len(words), words[0].text, words[-1].text)
        async for row in await session.stream(select(Word.text).where(Word.id > 47)):
            print(row.text)
    await engine.dispose()


asyncio.run(main())
