// Turns the change feed into jobs for the dispatcher.

package import JobList
package import Platform
package import Scheduler
package import Vocabulary

/// Who is told what is in the list: the dispatcher.
package protocol ListHolder: Sendable {
    func calendars(_ entries: [CalendarEntry]) async
    func calendarsRemoved(_ names: [ObjectKey]) async
    func put(_ records: [(entry: JobEntry, digest: Digest)]) async
    func removed(_ uids: [UID]) async
    /// The list has no other jobs than these.
    func removed(allBut uids: Set<UID>) async
    /// Whether this node takes no new runs.
    func drain(_ isDraining: Bool) async
}

/// Reads this node's copy of the list, first whole and then change by change.
///
/// When the history that it stands on is gone, it reads the whole list again; what is not in there
/// was deleted meanwhile, and nobody else is going to say so.
package struct ListFollower: Sendable {
    /// What has been told, and what of it the present reading has found again.
    private struct Account {
        var calendars: Set<ObjectKey> = []
        var isDraining = false
        /// `nil` unless the list is being read again, up to its first bookmark.
        ///
        /// Jobs may be many: outside of that only the holder knows which ones there are.
        var found: Found?

        struct Found {
            var jobs: Set<UID> = []
            var calendars: Set<ObjectKey> = []
            var hasNode = false
        }
    }

    private let feed: ChangeFeed
    private let holder: any ListHolder
    private let me: NodeName
    private let log: DaemonLog

    package init(feed: ChangeFeed, holder: any ListHolder, me: NodeName, log: DaemonLog) {
        self.feed = feed
        self.holder = holder
        self.me = me
        self.log = log
    }

    /// Follows until the surrounding task is cancelled.
    package func run() async {
        var account = Account()
        while !Task.isCancelled {
            let cursor = feed.cursor(
                since: nil,
                filter: FeedFilter(kinds: [.calendar, .job, .node])
            )
            await withTaskCancellationHandler {
                await follow(cursor, &account)
            } onCancel: {
                cursor.cancel()
            }
            account.found = Account.Found()
        }
    }

    /// Reads on until the history that `cursor` stands on is gone, or it is cancelled.
    private func follow(_ cursor: FeedCursor, _ account: inout Account) async {
        do throws(FeedError) {
            while true { await apply(try await cursor.next(timeout: .seconds(30)), &account) }
        } catch .cancelled {
            return
        } catch {
            log.info("list.restarted", ["reason": "\(error)"])
        }
    }

    private func apply(_ items: [FeedItem], _ account: inout Account) async {
        var changed: [(entry: JobEntry, digest: Digest)] = []
        var removed: [UID] = []
        // The last word on each counts; `nil`: it is gone.
        var calendars: [ObjectKey: CalendarEntry?] = [:]
        var isWhole = false
        for item in items {
            switch item {
            case .put(let record):
                switch record.key.kind {
                case .job:
                    account.found?.jobs.insert(record.uid)
                    if let job = entry(of: record) { changed.append(job) }
                case .node: await setDrain(record, &account)
                case .calendar: calendars[record.key] = .some(calendar(of: record))
                case .channel, .template, .pool, .token, .member, .keyring: break
                }
            case .delete(let record):
                if record.key.kind == .job { removed.append(record.uid) }
                if record.key.kind == .node { await setDrain(record, &account) }
                if record.key.kind == .calendar { calendars[record.key] = .some(nil) }
            case .bookmark: isWhole = true
            case .lagging: break
            }
        }
        // Jobs that name them come after them.
        await tell(calendars, &account)
        if !removed.isEmpty { await holder.removed(removed) }
        if !changed.isEmpty { await holder.put(changed) }
        if isWhole { await dropUnfound(&account) }
    }

    private func tell(_ calendars: [ObjectKey: CalendarEntry?], _ account: inout Account) async {
        let gone = calendars.filter { $0.value == nil }.keys.sorted()
        if !gone.isEmpty { await holder.calendarsRemoved(gone) }
        let present = calendars.values.compactMap { $0 }.sorted { $0.name < $1.name }
        if !present.isEmpty { await holder.calendars(present) }
        account.calendars.subtract(gone)
        account.calendars.formUnion(present.map(\.name))
        account.found?.calendars.formUnion(present.map(\.name))
    }

    /// Takes back what was told, and is not in the list that has just been read to its end.
    private func dropUnfound(_ account: inout Account) async {
        guard let found = account.found else { return }
        account.found = nil
        let gone = account.calendars.subtracting(found.calendars)
        if !gone.isEmpty { await holder.calendarsRemoved(gone.sorted()) }
        account.calendars.subtract(gone)
        await holder.removed(allBut: found.jobs)
        if account.isDraining, !found.hasNode { await drain(false, &account) }
    }

    /// A body that this release cannot read is left out and said so; it never stops the others.
    private func entry(of record: ObjectRecord) -> (entry: JobEntry, digest: Digest)? {
        do {
            let entry = JobEntry(
                uid: record.uid,
                name: record.key,
                revision: record.revision,
                job: try JobDocument.decodeBody(record.body),
                createdAt: record.createdAt
            )
            return (entry, record.digest)
        } catch {
            log.error("job.unreadable", ["job": record.key.description, "error": "\(error)"])
            return nil
        }
    }

    /// One that this release cannot read is as good as gone: its jobs wait, and say why.
    private func calendar(of record: ObjectRecord) -> CalendarEntry? {
        do {
            return CalendarEntry(
                name: record.key,
                revision: record.revision,
                digest: record.digest,
                calendar: try CalendarDocument.decode(record)
            )
        } catch {
            log.error(
                "calendar.unreadable",
                ["calendar": record.key.description, "error": "\(error)"]
            )
            return nil
        }
    }

    private func setDrain(_ record: ObjectRecord, _ account: inout Account) async {
        guard record.key.name == me.text else { return }
        account.found?.hasNode = true
        await drain(!record.isDeleted && NodeDocument.isDraining(record.body), &account)
    }

    private func drain(_ isDraining: Bool, _ account: inout Account) async {
        account.isDraining = isDraining
        log.info("node.drain", ["draining": "\(isDraining)"])
        await holder.drain(isDraining)
    }
}
