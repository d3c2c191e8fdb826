// The values of the secrets that a job names, found on this node.

internal import Platform
package import Vocabulary

/// Finds secrets below the folders that the node's owner has named; nowhere else.
///
/// Values go to the task and into the log's mask. They are in no error, no record and no list.
package struct SecretResolver: Equatable, Sendable {
    /// Where secrets may be, unless the owner says otherwise.
    package static let standardFolder = "/etc/rota/secrets"

    private let folders: [String]

    /// - Parameter folders: Absolute paths; none: this node has no secrets for jobs.
    package init(folders: [String] = [standardFolder]) {
        self.folders = folders
    }

    /// Why a run cannot have its secrets, with what to do about it.
    package struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// The values by name; reads each file anew, so that a changed one counts from the next run on.
    ///
    /// - Throws: The first secret, by name, that cannot be had.
    package func values(of secrets: [String: SecretReference]) throws(Failure) -> [String: String] {
        var values: [String: String] = [:]
        for (name, reference) in secrets.sorted(by: { $0.key < $1.key }) {
            switch reference {
            case .file(let path): values[name] = try value(name, path)
            }
        }
        return values
    }

    private func value(_ name: String, _ path: String) throws(Failure) -> String {
        do throws(SecretFile.Refusal) {
            return try SecretFile.read(path, below: folders)
        } catch {
            throw Failure(description: "secret \(name): \(words(for: error, path))")
        }
    }

    private func words(for refusal: SecretFile.Refusal, _ path: String) -> String {
        let allowed = folders.joined(separator: ", ")
        switch refusal {
        case .unreadable(let error): return "\(error)"
        case .elsewhere(let place):
            let way = place == path ? path : "\(path), which leads to \(place),"
            return folders.isEmpty
                ? "this node has no folder of secrets for jobs"
                : "\(way) is not below \(allowed), where this node's owner keeps secrets for jobs"
        case .notAFile: return "\(path) is no file; write a file's path"
        case .openToAll(let mode):
            return "\(path) has the mode 0\(String(mode, radix: 8)), so anybody may use it; "
                + "chmod o-rw it"
        case .tooLong: return "\(path) has more than \(SecretFile.byteLimit) bytes"
        case .notText: return "\(path) is not UTF-8, or has a NUL in it"
        }
    }
}
