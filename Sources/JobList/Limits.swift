// The bounds of everything a job may say.

internal import Vocabulary

/// Bounds on what people write; beyond them a document is refused with a sentence.
package enum Limits {
    package static let documentDescriptionBytes = 4_096
    package static let ownerBytes = 256
    package static let labels = 64
    package static let labelBytes = 128
    package static let scheduleBytes = 1_024
    package static let commandBytes = 65_536
    package static let pathBytes = 4_096
    package static let environmentEntries = 256
    package static let environmentBytes = 65_536
    package static let inputBytes = 1 << 20
    package static let arguments = 1_024
    package static let userBytes = 64
    package static let urlBytes = 8_192
    package static let headers = 64
    package static let headerBytes = 8_192
    package static let bodyBytes = 1 << 20
    package static let expectedStatuses = 32
    package static let patternBytes = 1_024
    package static let redirects = 0...20
    package static let connectionBytes = 4_096
    package static let statementBytes = 1 << 20
    package static let parameters = 256
    package static let parameterBytes = 65_536
    package static let printedRows = 0...1_000_000
    package static let secrets = 64
    package static let reasonBytes = 1_024
    package static let tags = 64
    package static let tagBytes = 256
    package static let nodes = 1_000
    package static let manifestEntries = 10_000
    /// A stored body: command, input, request body and the rest, with room for escapes.
    package static let storedBodyBytes = 16 << 20

    /// Days and periods of one calendar, together.
    package static let calendarEntries = 5_000
    package static let calendarEntryBytes = 128

    package static let retries = 0...100
    package static let overlappingRuns = 1...1_000
    package static let catchUpRuns = 1...10_000
    package static let nodeLossRetries = 1...100
    package static let keptRuns = 1...100_000
    package static let logBytes = 1_024...1 << 30
    package static let expectedStatus = 100...599

    package static let umask = 0...0o777
    package static let niceness = -20...19
    package static let exitCode = 0...255
    package static let exitCodes = 32
    package static let taskMemory = 1 << 20...1 << 44
    package static let taskProcesses = 1...1 << 22
    package static let taskFiles = 16...1 << 20
    package static let taskFileSize = 0...1 << 44
    package static let taskCPUTime = Duration.seconds(1)...Duration.seconds(366 * 86_400)

    package static let jitter = Duration.zero...ScheduleRules.jitterLimit
    package static let timeout = Duration.milliseconds(1)...Duration.seconds(366 * 86_400)
    package static let connectTimeout = Duration.milliseconds(1)...Duration.seconds(600)
    package static let killGrace = Duration.zero...Duration.seconds(3_600)
    package static let backoff = Duration.milliseconds(1)...Duration.seconds(7 * 86_400)
    package static let startDeadline = Duration.seconds(1)...Duration.seconds(366 * 86_400)
    package static let catchUpWindow = Duration.zero...Duration.seconds(366 * 86_400)
    package static let keptAge = Duration.seconds(60)...Duration.seconds(10 * 366 * 86_400)
}
