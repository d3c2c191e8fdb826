// From libyaml's words to a sentence that says what to write.

/// Knows what people usually meant where libyaml stopped.
struct YAMLAdvice {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func error(for fault: YAMLFault) -> DocumentError {
        DocumentError(problem(of: fault), line: fault.line, column: fault.column)
    }

    private func problem(of fault: YAMLFault) -> DocumentError.Problem {
        if fault.isEncoding {
            guard fault.words.contains("control characters") else { return .notUTF8 }
            return .syntax(
                "there is a control character on this line",
                advice: "remove it, or write it as an escape in double quotes"
            )
        }
        let rest = line(fault.line).unicodeScalars.dropFirst(fault.column - 1)
        let value = String(String.UnicodeScalarView(rest))
        switch (rest.first, fault.words) {
        case ("\t", _): return .tab
        case (_?, "found character that cannot start any token"),
            (_?, "did not find expected alphabetic or numeric character"):
            return .reservedStart(value)
        case (_, let words) where indentHasTab(line: fault.line) && !words.isEmpty: return .tab
        case _: return .syntax(sentence(for: fault), advice: advice(for: fault))
        }
    }

    private func sentence(for fault: YAMLFault) -> String {
        switch fault.words {
        case "mapping values are not allowed in this context":
            "a second `: ` stands where a value was expected"
        case "could not find expected ':'": "a key without `:` ends here"
        case "did not find expected key": "this line fits no mapping above it"
        case "did not find expected '-' indicator": "this line fits no list above it"
        case "found unexpected end of stream": "the quote that opens here is never closed"
        case "did not find expected ',' or ']'": "a list that opens with `[` is not continued here"
        case "did not find expected ',' or '}'":
            "a mapping that opens with `{` is not continued here"
        case "found unknown escape character": "this is no escape"
        case "did not find expected <document start>": "a second value starts here"
        case "found unexpected document indicator": "a document starts within a quoted text"
        case "block sequence entries are not allowed in this context":
            "a list cannot start on the line of its key"
        case "found incompatible YAML document": "this asks for another version of YAML"
        case "did not find expected node content": "a value should stand here"
        case "did not find expected comment or line break":
            "text stands on the line of its `|` or `>`"
        case let words: words
        }
    }

    private func advice(for fault: YAMLFault) -> String {
        switch fault.words {
        case "mapping values are not allowed in this context":
            "put the value in quotes, or align this line with the keys above"
        case "could not find expected ':'":
            "write `key: value`, or indent a text that goes on below its key"
        case "did not find expected key":
            "indent it exactly as the keys it belongs to; what follows a closing quote must go"
        case "did not find expected '-' indicator": "start it with `- ` in the column of the others"
        case "found unexpected end of stream": "write the closing quote"
        case "did not find expected ',' or ']'": "write `,` or `]`"
        case "did not find expected ',' or '}'": "write `,` or `}`"
        case "found unknown escape character":
            "write two backslashes, or put the text in single quotes"
        case "did not find expected <document start>":
            "separate documents by a line with `---`"
        case "found unexpected document indicator": "close the quote before it"
        case "block sequence entries are not allowed in this context":
            "write each `- ` on a line of its own"
        case "found incompatible YAML document": "remove the line, or write `%YAML 1.2`"
        case "did not find expected comment or line break": "start it on the next line, indented"
        case _: ""
        }
    }

    private func line(_ number: Int) -> String {
        let lines = bytes.split(
            separator: UInt8(ascii: "\n"),
            maxSplits: number,
            omittingEmptySubsequences: false
        )
        return number <= lines.count ? String(decoding: lines[number - 1], as: UTF8.self) : ""
    }

    private func indentHasTab(line number: Int) -> Bool {
        line(number).prefix { $0 == " " || $0 == "\t" }.contains("\t")
    }
}
