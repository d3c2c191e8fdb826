import Platform
import RotaCLI
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// Texts that were kept, taken up after somebody else has changed the job.
@Suite struct JobEditTests {
    /// A master with jobs that change as the test says.
    private final class Master: Sendable {
        private struct Job {
            var version = 3
            var spec = #"{"owner":"ops","schedule":"0 3 * * *","retries":{"limit":2}}"#
            var refuses = false
        }

        private let job = Mutex(Job())

        /// What somebody else makes of the job.
        func change(to spec: String) {
            job.withLock { job in
                job.version += 1
                job.spec = spec
            }
        }

        func refuseEdits(_ refuses: Bool) { job.withLock { $0.refuses = refuses } }

        func answer(_ call: APICall) -> APIAnswer {
            let job = job.withLock { $0 }
            if call.method == "PUT", job.refuses { return Canned.problem(412, "It was changed") }
            return Canned.json(
                #"{"kind":"job","name":"etl","version":\#(job.version),"updated_by":"wang","#
                    + #""spec":\#(job.spec)}"#
            )
        }
    }

    private let master = Master()

    private func world() -> FakeWorld {
        let master = master
        return FakeWorld(answer: { call throws(APITransportError) in master.answer(call) })
    }

    /// A world in which the edit `from` to `to` failed and is kept.
    private func kept(_ from: String, _ to: String) async -> FakeWorld {
        let fake = world()
        fake.state.withLock { $0.edit = { $0.replacing(from, with: to) } }
        master.refuseEdits(true)
        #expect(await fake.rota("job", "edit", "etl") == .conflict)
        master.refuseEdits(false)
        fake.state.withLock { $0.edit = { $0 } }
        return fake
    }

    private func lastChange(_ fake: FakeWorld) -> String? {
        fake.calls.last { $0.method == "PUT" }.map { String(decoding: $0.body, as: UTF8.self) }
    }

    @Test func `what somebody else changed meanwhile stays`() async throws {
        let fake = await kept("ops", "li")
        master.change(
            to: #"{"owner":"ops","schedule":"0 4 * * *","retries":{"limit":2},"timeout":"5m"}"#
        )
        #expect(await fake.rota("job", "edit", "etl", "--from-saved") == .done)
        #expect(
            lastChange(fake) == """
                {"name":"etl","spec":{"owner":"li","retries":{"limit":2},\
                "schedule":"0 4 * * *","timeout":"5m"}}
                """
        )
        let version = fake.calls.last?.headers.first { $0.name == "If-Match" }?.value
        #expect(version == "\"4\"")
        let left = fake.state.withLock { $0.files.keys.filter { $0.contains("edit") } }
        #expect(left.isEmpty, "\(left)")
        try expectGolden(fake.transcript, named: "job-edit-merged.txt")
    }

    @Test func `what both changed is decided by hand, and never by saving it as it is`()
        async throws
    {
        let fake = await kept("limit: 2", "limit: 5")
        master.change(to: #"{"owner":"wang","schedule":"0 3 * * *","retries":{"limit":3}}"#)
        let before = fake.calls.count { $0.method == "PUT" }
        #expect(await fake.rota("job", "edit", "etl", "--from-saved") == .conflict)
        // Once more, and after another change: the question stays.
        #expect(await fake.rota("job", "edit", "etl", "--from-saved") == .conflict)
        master.change(
            to: #"{"owner":"wang","schedule":"0 3 * * *","retries":{"limit":3},"timeout":"1m"}"#
        )
        #expect(await fake.rota("job", "edit", "etl", "--from-saved") == .conflict)
        #expect(fake.calls.count { $0.method == "PUT" } == before)
        let seen = Mutex("")
        fake.state.withLock { state in
            state.edit = { text in
                seen.withLock { $0 = text }
                return text.split(separator: "\n").filter { !$0.hasPrefix("# CONFLICT") }
                    .joined(separator: "\n")
            }
        }
        #expect(await fake.rota("job", "edit", "etl", "--from-saved") == .done)
        #expect(
            lastChange(fake) == """
                {"name":"etl","spec":{"owner":"wang","retries":{"limit":5},\
                "schedule":"0 3 * * *","timeout":"1m"}}
                """
        )
        try expectGolden(
            fake.transcript + seen.withLock { $0 },
            named: "job-edit-conflict.txt"
        )
    }

    @Test(
        arguments: [
            (#"{"owner":"li"}"#, #"{"schedule":"0 3 * * *","retries":{"limit":2}}"#, 1),
            (#"{"schedule":"0 3 * * *"}"#, #"{"owner":"ops","schedule":"0 3 * * *"}"#, 0),
            (#"{"schedule":"0 3 * * *"}"#, #"{"owner":"x","schedule":"0 3 * * *"}"#, 1),
            (#"{"owner":"ops","retries":3}"#, #"{"owner":"ops","retries":{"limit":4}}"#, 1),
            (
                #"{"owner":"ops","labels":["a"],"retries":{"limit":2}}"#,
                #"{"owner":"ops","labels":["a"],"retries":{"limit":2,"backoff":"1s"}}"#, 0
            ),
        ]
    )
    func `taking away, adding and changing are told apart`(
        mine: String,
        theirs: String,
        conflicts: Int
    ) async {
        let fake = world()
        fake.state.withLock { $0.edit = { _ in "{\"spec\":\(mine)}" } }
        master.refuseEdits(true)
        #expect(await fake.rota("job", "edit", "etl") == .conflict)
        master.change(to: theirs)
        let seen = Mutex("")
        fake.state.withLock { state in
            state.edit = { text in
                seen.withLock { $0 = text }
                return text
            }
        }
        await fake.rota("job", "edit", "etl", "--from-saved")
        let lines = seen.withLock { $0 }.split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("# CONFLICT") } == conflicts, "\(lines)")
    }

    @Test func `a text that could not be read takes over others' changes once it can`() async {
        let fake = world()
        fake.state.withLock { $0.edit = { _ in "spec: [" } }
        #expect(await fake.rota("job", "edit", "etl") == .failed)
        #expect(fake.errors.contains("--from-saved"))
        master.change(to: #"{"owner":"ops","schedule":"0 4 * * *","retries":{"limit":2}}"#)
        let mended = #"{"spec":{"owner":"li","schedule":"0 3 * * *","retries":{"limit":2}}}"#
        fake.state.withLock { $0.edit = { _ in mended } }
        #expect(await fake.rota("job", "edit", "etl", "--from-saved") == .done)
        #expect(
            lastChange(fake) == """
                {"name":"etl","spec":{"owner":"li","retries":{"limit":2},"schedule":"0 4 * * *"}}
                """
        )
    }

    @Test func `texts of other jobs, tenants and clusters are other files`() async {
        let fake = await kept("ops", "li")
        master.refuseEdits(true)
        let ways = [
            ["a/b"], ["a-b"], ["etl", "--tenant", "x"], ["etl", "--url", "http://m2"],
        ]
        for way in ways {
            let words = ["job", "edit"] + way
            let before = fake.state.withLock { $0.files.count }
            #expect(await RotaProgram.run(words + ["--from-saved"], in: fake.world) == .notFound)
            fake.state.withLock { $0.edit = { $0.replacing("ops", with: "li") } }
            #expect(await RotaProgram.run(words, in: fake.world) == .conflict, "\(way)")
            #expect(fake.state.withLock { $0.files.count } == before + 2, "\(way)")
        }
    }
}
