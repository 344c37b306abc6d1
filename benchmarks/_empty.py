"""nothing -> what FastAPI itself costs: the measure of `benchmarks.serving`"""

from fastapi import FastAPI

app = FastAPI(openapi_url=None)


@app.get("/empty")
async def empty() -> dict[str, str]:
    """Nothing."""
    return {}
