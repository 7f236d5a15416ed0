"""The engine against graphql-core: random operations, the same answers."""

import asyncio
import gc
import os
import random
import sys

import pytest
from graphql import parse, validate

from execution.engine import Engine, Settings
from tests.execution.compare import difference, on_engine, on_reference, operation_of
from tests.execution.generate import Generator
from tests.execution.world import World

# On demand for hours: ENGINE_OPERATIONS=1000000 ENGINE_SEED=... scripts/test tests/execution
OPERATIONS = int(os.environ.get("ENGINE_OPERATIONS", "2000"))
SEED = int(os.environ.get("ENGINE_SEED", random.SystemRandom().randrange(10**9)))


# Where a failure overtakes what is still awaited, graphql-core leaves coroutines behind.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("foreign", [True, False], ids=["foreign", "published"])
@pytest.mark.parametrize("trouble", [0, 12, 60])
async def test_random_operations_answer_as_graphql_core_does(trouble: int, foreign: bool) -> None:
    """Whatever is asked, the engine gives graphql-core's data, key order and errors."""
    dice = random.Random(f"{SEED} {trouble} {foreign}")
    sys.stdout.write(f"ENGINE_SEED={SEED}\n")
    done = 0
    while done < OPERATIONS // 6:
        world = World(dice.randrange(10**9), trouble, foreign=foreign)
        engine = Engine(world.schema, Settings(loop_after=dice.randrange(3)))
        for _ in range(25):
            generator = Generator(world.schema, dice)
            text = generator.operation(dice.choice(("query", "query", "query", "mutation")))
            document = parse(text)
            if validate(world.schema, document):
                continue
            operation = operation_of(world.schema, document)
            theirs = await on_reference(world.schema, document, generator.variables)
            for _ in range(dice.randint(1, 4)):
                # Again with the same plan, and then with the loops that it has got meanwhile.
                ours = await on_engine(engine, operation, generator.variables)
                found = difference(ours, theirs)
                assert found is None, f"ENGINE_SEED={SEED}: {found}\n{text}\n{generator.variables}"
                done += 1


async def test_the_engine_awaits_what_it_began() -> None:
    """However an operation ends, no coroutine is left behind and no task goes on."""
    dice = random.Random(f"{SEED} alone")
    sys.stdout.write(f"ENGINE_SEED={SEED}\n")
    before = asyncio.all_tasks()
    for _ in range(8):
        world = World(dice.randrange(10**9), 100, foreign=True)
        engine = Engine(world.schema, Settings())
        for _ in range(20):
            generator = Generator(world.schema, dice)
            document = parse(generator.operation(dice.choice(("query", "mutation"))))
            if not validate(world.schema, document):
                await on_engine(engine, operation_of(world.schema, document), generator.variables)
                assert asyncio.all_tasks() == before
    gc.collect()
