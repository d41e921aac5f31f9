"""The hardened service as it is: what turns a test red here is a false alarm."""

from hardened import app  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs

__all__ = ["app"]
