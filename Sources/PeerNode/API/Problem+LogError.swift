// Why a log cannot be shown, in the words of the API.

internal import JobList
internal import LogSink

extension Problem {
    /// Not found is only what is not there: whoever asks looks elsewhere then, and for good.
    init(_ error: LogError) {
        switch error {
        case .noSuchLog: self.init(.notFound, "\(error)")
        case .closed, .full, .unavailable, .gap, .misconfigured:
            self.init(.unavailable, "\(error)")
        }
    }
}
