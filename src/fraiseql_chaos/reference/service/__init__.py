"""
The reference service's own files.

They are not imported from here: the service's interpreter gets this directory on its path and loads ``stock:app`` or ``hardened:app``.
"""
