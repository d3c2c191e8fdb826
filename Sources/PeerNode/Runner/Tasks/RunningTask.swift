// A task under way, whatever it is.

internal import LogSink
internal import Platform
internal import Vocabulary

/// What a keeper can do to a task; called on the keeper's loop only.
protocol RunningTask: Sendable {
    /// The process that leads the run's session; `nil` for a task without one.
    var processID: Int32? { get }
    /// Ends what `look`, a look of this turn of the loop, shows of the task.
    func end(_ signal: EndSignal, in look: ProcessLook)
    /// Whether nothing of the task is left, by a look taken after it ended.
    func isGone(in look: ProcessLook) -> Bool
    func pauseOutput()
    func resumeOutput()
    /// Hands over what has been printed by now, then stops listening.
    func closeOutput()
    /// Gives back what the task held; it sends no events any more.
    func release()
}

/// What a task does; sent on the keeper's loop, in order.
enum TaskEvent: Sendable {
    case output(LogStream, [UInt8])
    case outputClosed
    case ended(RunMachine.Ending)
}

typealias TaskReceiver = @Sendable (TaskEvent) -> Void
