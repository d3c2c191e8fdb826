// Everything that is wrong with a document, each with its place.

/// One thing that is wrong.
package struct DocumentFault: Error, Equatable, Sendable {
    /// A JSON pointer as a fragment: `#/spec/schedule`.
    ///
    /// - SeeAlso: RFC 6901.
    package var pointer: String
    /// What is there and what to write instead, as sentences.
    package var detail: String
    /// Which characters of the text at `pointer` are at fault, counted from 0, the end excluded.
    package var span: Range<Int>?

    package init(pointer: String, detail: String, span: Range<Int>? = nil) {
        self.pointer = pointer
        self.detail = detail
        self.span = span
    }
}

extension DocumentFault: CustomStringConvertible {
    package var description: String {
        let place = span.map { ", characters \($0.lowerBound + 1)–\($0.upperBound)" } ?? ""
        return "\(pointer)\(place): \(detail)"
    }
}

/// All faults of one document, in the order of its fields; never empty when thrown.
package struct DocumentFaults: Error, Equatable, Sendable {
    package var faults: [DocumentFault]

    package init(_ faults: [DocumentFault]) {
        self.faults = faults
    }
}

extension DocumentFaults: CustomStringConvertible {
    package var description: String {
        faults.map(\.description).joined(separator: "\n")
    }
}
