// The parts of a running master, and small questions that several routes ask.

internal import CronEval
internal import Gossip
internal import HTTPClient
internal import HTTPService
internal import JobList
internal import LockLease
internal import LogSink
internal import Platform
internal import Vocabulary

/// Everything a master consists of; none of it holds anything a node needs.
struct MasterParts: Sendable {
    let settings: MasterSettings
    let log: DaemonLog
    let store: any LeaseStore
    let replica: Replica
    let feed: ChangeFeed
    let tailer: StoreTailer
    let gossip: GossipDriver
    let client: HTTPClient
    let editor: Editor
    let keys: KeyKeeper
    let requests: RequestCounters
    let schedules: JobSchedules
    let upcoming: UpcomingJobs

    var zones: ZoneCatalog { schedules.zones }
    var calendars: CalendarShelf { schedules.calendars }

    /// What this master signs in with at other members.
    var memberToken: String { keys.keys.memberToken }

    /// Where any run's log is read.
    var logs: LogOrigin {
        LogOrigin(
            store: store,
            members: { gossip.members },
            client: client,
            memberToken: { keys.keys.memberToken }
        )
    }

    /// Calls the store, with its failures as refusals.
    func ask<Answer: Sendable>(
        _ question: (any LeaseStore) async throws(StoreError) -> Answer
    ) async throws(Problem) -> Answer {
        do throws(StoreError) {
            return try await question(store)
        } catch {
            throw Problem(error)
        }
    }

    /// The compiled schedule of a job, or `nil` if it has none or one of its calendars is missing.
    func schedule(of record: ObjectRecord, _ job: Job) async -> Schedule? {
        await schedules.schedule(of: record, job)
    }

    /// The sessions that are alive, to tell open runs from lost ones.
    func liveSessions() async throws(Problem) -> Set<SessionID> {
        let views = try await ask { store async throws(StoreError) in try await store.sessions() }
        return Set(views.filter { $0.isLive && !$0.isGone }.map(\.id))
    }
}
