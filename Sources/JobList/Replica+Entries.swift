// Reading what the scheduler's index needs: columns of all jobs, and single definitions.

internal import SQLite
package import Vocabulary

/// One job's row of the list's columns.
package struct ListEntry: Equatable, Sendable {
    package var uid: UIDBits
    /// Numbers are never given out twice; `nil`: the document cannot be read by this release.
    package var outline: Int64?
    package var revision: Revision
    package var createdAt: Instant
}

/// Some rows of the list's columns.
package struct EntryPage: Sendable {
    /// Those of the usual form.
    package var entries: [ListEntry] = []
    /// Jobs with uids of another form.
    package var others: [UID] = []
    /// Outlines that the page's entries name and that were not known, or why one cannot be read.
    package var outlines: [Int64: Result<JobOutline, DocumentFaults>] = [:]
    /// Where the next page begins; `nil`: this was the last.
    package var next: Int64?
    /// How many objects there are; no fewer than jobs.
    package var total = 0
}

/// A job as its document says it, with the digest that a grant must name.
package struct JobDefinition: Equatable, Sendable {
    package let name: ObjectKey
    package let digest: Digest
    package let spec: JobSpec

    package init(name: ObjectKey, digest: Digest, spec: JobSpec) {
        self.name = name
        self.digest = digest
        self.spec = spec
    }
}

extension Replica {
    /// Rows of the list's columns, `limit` at most, from `start` on.
    ///
    /// Pages are read one after another while the list goes on: what a page has not, or has in an
    /// older state, changed after the first page was read.
    ///
    /// - Complexity: O(rows), on the reader's thread; no document is touched.
    package nonisolated func entries(
        from start: Int64,
        limit: Int,
        known: Set<Int64>
    ) async throws(ReplicaError) -> EntryPage {
        try await reading { connection throws(SQLiteError) in
            var page = EntryPage()
            page.total = Int(try connection.soundMeta().live)
            page.entries.reserveCapacity(limit)
            let sql = """
                SELECT number, high, low, odd, outline, epoch, sequence, created FROM entry
                WHERE number>=? ORDER BY number LIMIT ?
                """
            let statement = try connection.prepare(sql)
            defer { statement.reset() }
            try statement.bind([.integer(start), .integer(limit)])
            var count = 0
            var missing: Set<Int64> = []
            while try statement.step() {
                let row = statement.row
                count += 1
                page.next = row.integer(0) + 1
                guard let revision = row.revision(at: 5) else { continue }
                if let odd = row.optionalText(3) {
                    page.others.append(UID(odd))
                    continue
                }
                let outline = row.optionalInteger(4)
                if let outline, !known.contains(outline) { missing.insert(outline) }
                page.entries.append(
                    ListEntry(
                        uid: UIDBits(
                            high: UInt64(bitPattern: row.integer(1)),
                            low: UInt64(bitPattern: row.integer(2))
                        ),
                        outline: outline,
                        revision: revision,
                        createdAt: Instant(unixMilliseconds: row.integer(7))
                    )
                )
            }
            if count < limit { page.next = nil }
            for number in missing { page.outlines[number] = try connection.readOutline(number) }
            return page
        }
    }

    /// What the jobs of `uids` are, those that are there; each is read and checked on its own.
    ///
    /// - Complexity: One look-up each, on the reader's thread.
    package nonisolated func definitions(
        of uids: [UID]
    ) async throws(ReplicaError) -> [UID: Result<JobDefinition, DocumentFaults>] {
        try await reading { connection throws(SQLiteError) in
            var found: [UID: Result<JobDefinition, DocumentFaults>] = [:]
            for uid in uids where found[uid] == nil {
                let records = try connection.records(
                    where: "uid=? AND deleted=0",
                    [.text(uid.text)]
                )
                guard let record = records.first else { continue }
                found[uid] = Result { () throws(DocumentFaults) in
                    JobDefinition(
                        name: record.key,
                        digest: record.digest,
                        spec: try JobDocument.decodeBody(record.body).spec
                    )
                }
            }
            return found
        }
    }
}

extension Connection {
    fileprivate func readOutline(
        _ number: Int64
    ) throws(SQLiteError) -> Result<JobOutline, DocumentFaults>? {
        let sql = "SELECT body FROM outline WHERE number=?"
        guard
            let body = try prepare(sql).first({ $0.put(number) }, row: { $0.blob(0) })
        else { return nil }
        return Result { () throws(DocumentFaults) in try OutlineForm.read(body) }
    }
}
