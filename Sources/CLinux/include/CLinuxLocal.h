#pragma once
// Local stream sockets, unix(7), in folders whose paths may be longer than an address may be.

/// Listens at `name` in `folder`, in place of a socket that is there; only this user can connect.
/// Returns a descriptor that never blocks, or -1 with `errno` set.
int clinux_local_listener(const char *folder, const char *name);

/// Connects to `name` in `folder`. Returns a descriptor that never blocks, or -1.
int clinux_local_connection(const char *folder, const char *name);

/// The user at the other end of a local socket, or -1.
long clinux_local_user(int descriptor);
