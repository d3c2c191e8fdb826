// Which code answers which command.

internal import CommandTable
internal import Vocabulary

/// What a command does, by its path.
enum Commands {
    typealias Action = @Sendable (Session) async throws(Failure) -> ExitCode

    /// Every command of the table but those that need no session; a test compares the two.
    static let all: [String: Action] = [
        "status": Overview.status,
        "next": Overview.next,
        "why": Overview.why,
        "job list": JobReading.list,
        "job show": JobReading.show,
        "job next": ScheduleQuestions.next,
        "job explain": ScheduleExplaining.run,
        "job add": JobEditing.add,
        "job edit": JobEditing.edit,
        "job set": JobEditing.set,
        "job rm": JobEditing.remove,
        "job pause": JobEditing.pause,
        "job resume": JobEditing.resume,
        "job run": Running.run,
        "job backfill": Backfilling.run,
        "job import crontab": CrontabImport.run,
        "run list": RunReading.list,
        "run show": RunReading.show,
        "run logs": LogReading.logs,
        "run kill": Running.kill,
        "kill": Running.kill,
        "run retry": Running.retry,
        "node list": Nodes.list,
        "node drain": Nodes.drain,
        "node undrain": Nodes.undrain,
        "cluster status": ClusterStatus.show,
        "cluster key list": ClusterKeys.list,
        "cluster key add": ClusterKeys.add,
        "cluster key use": ClusterKeys.use,
        "cluster key rm": ClusterKeys.remove,
        "apply": Manifests.apply,
        "diff": Manifests.diff,
        "export": Manifests.export,
        "calendar list": Calendars.list,
        "calendar show": Calendars.show,
        "calendar import": CalendarImport.run,
        "calendar test": Calendars.test,
        "calendar rm": Calendars.remove,
        "context list": Contexts.list,
        "context use": Contexts.use,
        "context add": Contexts.add,
        "context rm": Contexts.remove,
        "context show": Contexts.show,
    ]
}
