"""The stock service as it is, which has a defect where the hardened one has a remedy: nothing bounds how long a request waits."""

from stock import app  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs

__all__ = ["app"]
