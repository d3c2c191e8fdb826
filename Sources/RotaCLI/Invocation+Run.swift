// A run's id as people paste it.

internal import CommandTable

extension Invocation {
    /// The argument RUN, without the kind that `-o name` puts before it.
    var run: String {
        let text = argument("RUN") ?? ""
        return text.hasPrefix("run/") ? String(text.dropFirst(4)) : text
    }
}
