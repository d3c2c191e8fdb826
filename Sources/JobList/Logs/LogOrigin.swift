// What a member needs to show the logs of all others, so that nobody has to reach those.

package import Gossip
package import HTTPClient
internal import HTTPService
package import LockLease
internal import LogSink
package import Vocabulary

/// One member as the place where any run's log can be read; masters and nodes are alike.
package struct LogOrigin: Sendable {
    let store: any LeaseStore
    let members: @Sendable () -> [Member]
    let client: HTTPClient
    let memberToken: @Sendable () -> String

    /// - Parameters:
    ///   - store: Which run was whose.
    ///   - members: Whom gossip knows, now.
    ///   - client: For calls to other members.
    ///   - memberToken: What this member signs in with at others; keys change.
    package init(
        store: any LeaseStore,
        members: @escaping @Sendable () -> [Member],
        client: HTTPClient,
        memberToken: @escaping @Sendable () -> String
    ) {
        self.store = store
        self.members = members
        self.client = client
        self.memberToken = memberToken
    }

    /// The run that a request is about, unless it is another tenant's.
    package func run(of call: Call) async throws(Problem) -> RunRecord {
        let id = RunID(call.capture("id").uppercased())
        let run: RunRecord?
        do throws(StoreError) {
            run = try await store.run(id)
        } catch {
            throw Problem(error)
        }
        guard let run, run.name.tenant == call.tenant else {
            throw Problem(.notFound, "There is no run \(id).", hint: "rota run list")
        }
        return run
    }

    /// What `run` has said of itself; `nil` if its node does not say so within a second.
    package func facts(of run: RunRecord) async -> [String: Value]? {
        await LogFinding(origin: self).facts(of: run)?.value.object
    }
}
