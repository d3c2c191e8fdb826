// What the end of a shell task's main process means, in words.

internal import Vocabulary

extension RunMachine.Rules {
    func verdict(forExitCode code: Int32) -> (RunState, String) {
        let isSuccess = successCodes.isEmpty ? code == 0 : successCodes.contains(code)
        guard !isSuccess else { return (.succeeded, "") }
        let exit = ExitStatus.code(code).description
        // What a shell answers for a command of its own; sh(1), "Exit status".
        let meaning: String? =
            switch code {
            case 126: "the shell may not execute the command"
            case 127: "the shell found no such command"
            case 129...192: limitWords(forSignal: code - 128)
            case _: nil
            }
        if let meaning { return (.failed, "\(exit): \(meaning)") }
        guard !successCodes.isEmpty else { return (.failed, exit) }
        let wanted = successCodes.map { "\($0)" }.joined(separator: ", ")
        return (.failed, "\(exit); what counts as success is \(wanted)")
    }

    func words(forSignal number: Int32) -> String {
        let status = ExitStatus.signal(number).description
        if let words = limitWords(forSignal: number) { return "\(words) (\(status))" }
        return "ended by \(status), which Rota did not send"
    }

    /// The limit that the kernel enforces with this signal, if the task has it.
    ///
    /// - SeeAlso: setrlimit(2).
    private func limitWords(forSignal number: Int32) -> String? {
        switch number {
        case 24:
            limits.cpuTime.map { "it used up its limit of \(DurationText.format($0)) of CPU time" }
        case 25:
            limits.fileSize.map { "a file of it grew to its limit of \(SizeText.format($0))" }
        case _: nil
        }
    }
}
