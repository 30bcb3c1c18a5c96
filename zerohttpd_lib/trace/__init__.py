"""What each wait() of a server was given, gave back, and led to.

`recorder` runs inside the server and writes to a file in shared memory; `reader` opens that
file from another process, while the server runs or after it has died.
"""
