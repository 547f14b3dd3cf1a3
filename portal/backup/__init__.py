"""A portal's data as a folder: tables in the format of COPY, stored files, and a manifest with checksums.

It needs no program of PostgreSQL on the machine and no right but that of the portal's own role.
"""
