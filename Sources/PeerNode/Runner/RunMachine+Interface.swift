// What goes into and comes out of the life of one run.

package import Platform
package import Vocabulary

extension RunMachine {
    /// How one run is to be treated.
    package struct Rules: Equatable, Sendable {
        /// `nil`: it may take as long as it likes.
        package var timeout: Duration?
        /// Between TERM and KILL.
        package var grace = Duration.seconds(10)
        /// Statuses of an HTTP answer that count as success; empty: 200 to 299.
        package var expectedStatus: [ClosedRange<Int>] = []
        /// Exit codes that count as success; empty: 0.
        package var successCodes: [Int32] = []
        /// What the task's processes were given; they explain some ends.
        package var limits = TaskLimits()
        /// How long what the main process left behind may go on printing after it ended.
        package var lingering = Duration.seconds(2)
        /// Between TERM and KILL for what was left behind.
        package var leftoverGrace = Duration.seconds(1)
        /// How long the kernel may take to end processes after KILL.
        package var killPatience = Duration.seconds(10)
        /// How long the rest of the output may take once every process is gone.
        package var flushing = Duration.seconds(1)
        /// Between two looks at whether the processes are gone.
        package var poll = Duration.milliseconds(50)

        package init() {}

        package init(_ spec: JobSpec) {
            timeout = spec.timeout
            grace = spec.killGrace
            switch spec.task {
            case .http(let task):
                expectedStatus = task.expectedStatus
            case .shell(let task):
                successCodes = task.successCodes.map { Int32($0) }
                limits = task.limits
            case .sql: break
            }
        }
    }

    /// How the task itself ended.
    package enum Ending: Equatable, Sendable {
        case exit(ExitStatus)
        /// A limit ended it; the sentence says which.
        case limited(ExitStatus, String)
        /// Without a status: the request got no answer.
        case failed(String)
        /// Whoever ran the task knows by itself what to make of it; `nil`: it succeeded.
        case judged(ExitStatus?, failure: String?)
    }

    /// What happened to the run.
    package enum Event: Equatable, Sendable {
        /// It may start.
        case granted
        case started
        case startFailed(String)
        /// The main process exited, or the request is over.
        case ended(Ending)
        /// Nobody can print any more.
        case outputClosed
        /// Answers to ``Action/checkTree``.
        case treeGone
        case treeAlive
        /// Ordered from outside; `nil`: the job's own grace.
        case kill(author: String, grace: Duration?)
        /// The session can no longer be trusted: others may call the run lost.
        ///
        /// `grace`: The most there is left between TERM and KILL; `nil`: as much as the job wants.
        case sessionLost(grace: Duration?)
        /// The node stops; the run may go on for `patience` before it is ended.
        case shutdown(patience: Duration)
        /// A wake-up asked for earlier, or a stale one.
        case deadlineReached
    }

    /// What the shell is to do, in order.
    package enum Action: Equatable, Sendable {
        case start
        /// To every process of the run, or to its request.
        case end(EndSignal)
        /// Say whether any process of the run is left, once the main one has exited.
        case checkTree
        /// Read what is there and stop reading.
        case closeOutput
        /// A line of Rota's own for the run's log.
        case note(String)
        case wake(at: MonotonicInstant)
        /// The last action, once: report it and forget the run.
        case finish(RunState, ExitStatus?, reason: String)
    }
}
