// Turns the change feed into jobs for the dispatcher.

package import JobList
package import Platform
package import Scheduler
package import Vocabulary

/// Who is told what is in the list: the dispatcher.
package protocol ListHolder: Sendable {
    /// A whole list of jobs, page by page; behind the last, there are no others.
    func load(_ page: JobPage) async
    /// Calendars of a whole list: they count also where newer ones were known, since the list's
    /// history may have gone back.
    func load(_ calendars: [CalendarEntry]) async
    func calendars(_ entries: [CalendarEntry]) async
    func calendarsRemoved(_ names: [ObjectKey]) async
    /// The list has no other calendars than these.
    func calendarsRemoved(allBut kept: Set<ObjectKey>) async
    func put(_ entries: [JobEntry]) async
    func removed(_ uids: [UID]) async
    /// Whether this node takes no new runs.
    func drain(_ isDraining: Bool) async
}

/// Reads this node's copy of the list, first whole and then change by change.
///
/// When the history that it stands on is gone, it reads the whole list again; what is not in there
/// was deleted meanwhile, and nobody else is going to say so.
package struct ListFollower: Sendable {
    private let replica: Replica
    private let feed: ChangeFeed
    private let holder: any ListHolder
    private let me: NodeName
    private let log: DaemonLog

    package init(
        replica: Replica,
        feed: ChangeFeed,
        holder: any ListHolder,
        me: NodeName,
        log: DaemonLog
    ) {
        self.replica = replica
        self.feed = feed
        self.holder = holder
        self.me = me
        self.log = log
    }

    /// Follows until the surrounding task is cancelled.
    package func run() async {
        let loader = ListLoader(replica: replica, holder: holder, log: log)
        while !Task.isCancelled {
            do throws(ReplicaError) {
                let start = try await loader.load()
                await setDrain(try await replica.record(NodeDocument.key(of: me)))
                let cursor = feed.cursor(
                    since: start,
                    filter: FeedFilter(kinds: [.calendar, .job, .node])
                )
                await withTaskCancellationHandler {
                    await follow(cursor)
                } onCancel: {
                    cursor.cancel()
                }
            } catch {
                log.warning("list.unreadable", ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Reads on until the history that `cursor` stands on is gone, or it is cancelled.
    private func follow(_ cursor: FeedCursor) async {
        do throws(FeedError) {
            while true { await apply(try await cursor.next(timeout: .seconds(30))) }
        } catch .cancelled {
            return
        } catch {
            log.info("list.restarted", ["reason": "\(error)"])
        }
    }

    private func apply(_ items: [FeedItem]) async {
        // The last word on each counts; `nil`: it is gone.
        var jobs: [UID: JobEntry?] = [:]
        var calendars: [ObjectKey: CalendarEntry?] = [:]
        for item in items {
            switch item {
            case .put(let record):
                switch record.key.kind {
                // What an edit that cannot be read has replaced must not race on.
                case .job: jobs[record.uid] = .some(entry(of: record))
                case .node: await setDrain(record)
                case .calendar:
                    calendars[record.key] = .some(CalendarEntry(record, log: log))
                case .channel, .template, .pool, .token, .member, .keyring: break
                }
            case .delete(let record):
                if record.key.kind == .job { jobs[record.uid] = .some(nil) }
                if record.key.kind == .node { await setDrain(record) }
                if record.key.kind == .calendar { calendars[record.key] = .some(nil) }
            case .bookmark, .lagging: break
            }
        }
        // Jobs that name them come after them.
        let gone = calendars.filter { $0.value == nil }.keys.sorted()
        if !gone.isEmpty { await holder.calendarsRemoved(gone) }
        let present = calendars.values.compactMap { $0 }.sorted { $0.name < $1.name }
        if !present.isEmpty { await holder.calendars(present) }
        let removed = jobs.filter { $0.value == nil }.keys.sorted()
        if !removed.isEmpty { await holder.removed(removed) }
        let changed = jobs.values.compactMap { $0 }.sorted { $0.name < $1.name }
        if !changed.isEmpty { await holder.put(changed) }
    }

    /// A body that this release cannot read is said so; it never stops the others.
    private func entry(of record: ObjectRecord) -> JobEntry? {
        do {
            return JobEntry(
                uid: record.uid,
                name: record.key,
                revision: record.revision,
                job: try JobDocument.decodeBody(record.body),
                createdAt: record.createdAt
            )
        } catch {
            log.error("job.unreadable", ["job": record.key.description, "error": "\(error)"])
            return nil
        }
    }

    /// `nil`: nothing is said about this node.
    private func setDrain(_ record: ObjectRecord?) async {
        guard let record else { return await holder.drain(false) }
        guard record.key.name == me.text else { return }
        let isDraining = !record.isDeleted && NodeDocument.isDraining(record.body)
        log.info("node.drain", ["draining": "\(isDraining)"])
        await holder.drain(isDraining)
    }
}

extension CalendarEntry {
    /// One that this release cannot read is as good as gone: its jobs wait, and say why.
    init?(_ record: ObjectRecord, log: DaemonLog) {
        do {
            self.init(
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
}
