"""The stock service with a defect: it speaks to its database in the clear although it was told to speak TLS, as where somebody wanted to save the handshake."""

import os
import re

os.environ["DATABASE_URL"] = re.sub(r"sslmode=[\w-]+", "sslmode=disable", os.environ["DATABASE_URL"])

from stock import app  # type: ignore[import-not-found]  # the reference directory is on the path where it runs; it reads the URL at once

__all__ = ["app"]
