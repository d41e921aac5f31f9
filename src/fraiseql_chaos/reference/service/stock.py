"""
The reference service, exactly as FraiseQL's documentation says to write one: nothing removed, nothing added, every default kept.

It runs in the interpreter of the release under test, which knows nothing of the laboratory. So it imports FraiseQL and the standard
library only, and must load on every release that the laboratory supports.
"""

import os

from blog import MUTATIONS, QUERIES, TYPES  # type: ignore[import-not-found]  # this directory is on the path where it runs
from fraiseql.fastapi import FraiseQLConfig, create_fraiseql_app

app = create_fraiseql_app(
    config=FraiseQLConfig(database_url=os.environ["DATABASE_URL"], environment="production"),
    types=TYPES,
    queries=QUERIES,
    mutations=MUTATIONS,
)
