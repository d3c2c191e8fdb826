// The tables of the copy of the list.

/// A file of another schema is set aside and fetched anew: the store is the truth.
enum ReplicaSchema {
    /// "RoLi": tells a replica from any other SQLite file.
    static let applicationID: Int64 = 0x526F_4C69
    static let version: Int64 = 2

    static let tables = """
        CREATE TABLE object(
          number INTEGER PRIMARY KEY,
          tenant TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
          uid TEXT NOT NULL, version INTEGER NOT NULL,
          epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
          deleted INTEGER NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL,
          created INTEGER NOT NULL, updated INTEGER NOT NULL, author TEXT NOT NULL
        );
        CREATE TABLE log(
          number INTEGER PRIMARY KEY,
          epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, digest BLOB NOT NULL,
          at INTEGER NOT NULL, records BLOB NOT NULL
        );
        CREATE TABLE bucket(
          number INTEGER PRIMARY KEY,
          count INTEGER NOT NULL, high INTEGER NOT NULL, low INTEGER NOT NULL
        );
        CREATE TABLE quarantine(
          epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, why TEXT NOT NULL,
          PRIMARY KEY(epoch, sequence)
        ) WITHOUT ROWID;
        CREATE TABLE meta(
          one INTEGER PRIMARY KEY CHECK(one = 1),
          epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, digest BLOB NOT NULL,
          floor_epoch INTEGER NOT NULL, floor_sequence INTEGER NOT NULL,
          floor_digest BLOB NOT NULL,
          tomb_epoch INTEGER NOT NULL, tomb_sequence INTEGER NOT NULL,
          live INTEGER NOT NULL, first INTEGER NOT NULL, next INTEGER NOT NULL,
          log_bytes INTEGER NOT NULL
        );
        PRAGMA application_id=\(applicationID);
        PRAGMA user_version=\(version);
        """

    /// Apart from the tables, because sorting a million keys once takes a fifth of the time that
    /// putting each into its place does.
    static let indexes = [
        "CREATE UNIQUE INDEX object_key ON object(tenant, kind, name)",
        "CREATE INDEX object_uid ON object(uid)",
        "CREATE INDEX object_changed ON object(epoch, sequence)",
        "CREATE INDEX object_gone ON object(epoch, sequence) WHERE deleted = 1",
        "CREATE UNIQUE INDEX log_revision ON log(epoch, sequence)",
    ]
}
