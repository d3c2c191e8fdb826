// Completion: what may come next on a command line, and the scripts that ask.

/// One word that may come next.
package struct CompletionWord: Equatable, Sendable {
    package let word: String
    package let summary: String

    package init(_ word: String, _ summary: String = "") {
        self.word = word
        self.summary = summary
    }
}

/// What may come next.
package enum Completion: Equatable, Sendable {
    case words([CompletionWord])
    case files

    /// As the scripts read it: a word, a tab and its summary a line; or `:files`.
    package var lines: [String] {
        switch self {
        case .files: [":files"]
        case .words(let candidates):
            candidates.map { $0.summary.isEmpty ? $0.word : "\($0.word)\t\($0.summary)" }
        }
    }
}

/// A shell with programmable completion.
package enum Shell: String, CaseIterable, Sendable {
    case bash
    case zsh
    case fish
}

extension CommandTable {
    /// What may stand in place of the last of `words`, which is what has been typed of it.
    ///
    /// `lookUp` answers the names of a kind, for ``ValueSource/names(of:)``.
    package func complete(
        _ words: [String],
        names lookUp: (String) -> [CompletionWord] = { _ in [] }
    ) -> Completion {
        var state = CompletionState(table: self)
        var typed = words
        let last = typed.popLast() ?? ""
        for word in typed { state.take(word) }
        return state.finish(last, names: lookUp)
    }

    /// A script for `shell` that asks the program itself, by its hidden command `__complete`.
    package func completionScript(_ shell: Shell) -> String {
        let function = "_" + program.map { $0 == "-" ? "_" : $0 }
        return switch shell {
        case .bash:
            """
            # bash completion for \(program); it asks \(program) itself.
            \(function)() {
                local line
                COMPREPLY=()
                while IFS= read -r line; do
                    if [[ $line == :files ]]; then
                        compopt -o default
                    else
                        COMPREPLY+=("${line%%$'\\t'*}")
                    fi
                done < <(\(program) __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
            }
            complete -F \(function) \(program)

            """
        case .zsh:
            """
            #compdef \(program)
            # zsh completion for \(program); it asks \(program) itself.
            \(function)() {
                local -a lines found
                lines=("${(@f)$(\(program) __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
                if [[ $lines[1] == :files ]]; then
                    _files
                    return
                fi
                for line in $lines; do
                    found+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
                done
                _describe '\(program)' found
            }
            compdef \(function) \(program)

            """
        case .fish:
            """
            # fish completion for \(program); it asks \(program) itself.
            function \(function)
                set -l words (commandline -opc) (commandline -ct)
                set -l lines (\(program) __complete -- $words[2..] 2>/dev/null)
                if test "$lines[1]" = :files
                    __fish_complete_path (commandline -ct)
                else
                    printf '%s\\n' $lines
                end
            end
            complete -c \(program) -f -a '(\(function))'

            """
        }
    }
}

/// How far the words before the cursor have been understood; wrong ones are passed over.
private struct CompletionState {
    let table: CommandTable
    private var path: [String] = []
    private var command: Command?
    private var argumentCount = 0
    private var open: Option?
    /// Whether the shell split `--option=value` at the equals sign, as bash does.
    private var isSplit = false
    private var mayBeOption = true

    init(table: CommandTable) {
        self.table = table
        command = table.command(at: [])
    }

    private var options: [Option] { (command?.options ?? []) + table.globalOptions }

    mutating func take(_ word: String) {
        if word == "=", open != nil {
            isSplit = true
        } else if open != nil {
            open = nil
            isSplit = false
        } else if mayBeOption, word == "--" {
            mayBeOption = false
        } else if mayBeOption, word.hasPrefix("-"), word != "-" {
            open = option(leftOpenBy: word)
        } else if command != nil {
            argumentCount += 1
        } else {
            path.append(word)
            command = table.command(at: path)
        }
    }

    private func option(leftOpenBy word: String) -> Option? {
        if word.hasPrefix("--") {
            return options.first { "--\($0.name)" == word && $0.takesValue }
        }
        for (index, letter) in word.enumerated().dropFirst() {
            guard let option = options.first(where: { $0.short == letter }) else { return nil }
            if option.takesValue { return index == word.count - 1 ? option : nil }
        }
        return nil
    }

    func finish(_ typed: String, names lookUp: (String) -> [CompletionWord]) -> Completion {
        if let open {
            let prefix = typed == "=" ? "" : typed
            return values(of: open.source, prefix: prefix, lead: "", names: lookUp)
        }
        if mayBeOption, typed.hasPrefix("-") {
            return finishOption(typed, names: lookUp)
        }
        guard let command else {
            let words = table.words(after: path).filter { $0.word.hasPrefix(typed) }
            return .words(words.map { CompletionWord($0.word, $0.summary) })
        }
        let last = command.arguments.last
        let argument =
            argumentCount < command.arguments.count
            ? command.arguments[argumentCount] : last?.takesRest == true ? last : nil
        guard let argument else { return .words([]) }
        return values(of: argument.source, prefix: typed, lead: "", names: lookUp)
    }

    private func finishOption(
        _ typed: String,
        names lookUp: (String) -> [CompletionWord]
    ) -> Completion {
        if let equals = typed.firstIndex(of: "=") {
            let name = typed[..<equals]
            guard let option = options.first(where: { "--\($0.name)" == name }) else {
                return .words([])
            }
            let prefix = String(typed[typed.index(after: equals)...])
            return values(of: option.source, prefix: prefix, lead: "\(name)=", names: lookUp)
        }
        let all = options.map { CompletionWord("--\($0.name)", $0.summary) }
        return .words(
            (all + [CompletionWord("--help", "Show help")]).filter { $0.word.hasPrefix(typed) }
        )
    }

    private func values(
        of source: ValueSource,
        prefix: String,
        lead: String,
        names lookUp: (String) -> [CompletionWord]
    ) -> Completion {
        let all: [CompletionWord]
        switch source {
        case .anything: return .words([])
        case .files: return .files
        case .choices(let choices): all = choices.map { CompletionWord($0) }
        case .names(let kind): all = lookUp(kind)
        }
        return .words(
            all.filter { $0.word.hasPrefix(prefix) }.map {
                CompletionWord(lead + $0.word, $0.summary)
            }
        )
    }
}
