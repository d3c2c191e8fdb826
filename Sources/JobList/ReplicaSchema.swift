// The tables of the copy of the list.

/// A file of an older schema than the last is set aside and fetched anew: the store is the truth.
enum ReplicaSchema {
    /// "RoLi": tells a replica from any other SQLite file.
    static let applicationID: Int64 = 0x526F_4C69
    static let version: Int64 = 3
    /// The version that had no columns for the index; they are made when such a file is opened.
    static let versionWithoutColumns: Int64 = 2

    /// What is derived from the jobs' documents, so that a node's start reads no document.
    ///
    /// An entry has its object's number; `odd` is a uid that is no number of 128 bits.
    static let columns = """
        CREATE TABLE outline(
          number INTEGER PRIMARY KEY AUTOINCREMENT,
          digest BLOB NOT NULL, users INTEGER NOT NULL, body BLOB NOT NULL
        );
        CREATE TABLE entry(
          number INTEGER PRIMARY KEY,
          high INTEGER NOT NULL, low INTEGER NOT NULL, odd TEXT,
          outline INTEGER, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
          created INTEGER NOT NULL
        );
        CREATE INDEX outline_digest ON outline(digest);
        PRAGMA user_version=\(version);
        """

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
        \(columns)
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
