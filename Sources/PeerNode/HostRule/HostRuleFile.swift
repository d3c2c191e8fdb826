// The file with a host's rule, trusted only if nobody else can write it.

internal import Platform
internal import Vocabulary

/// Reads the rule of this host.
package enum HostRuleFile {
    /// The rule in the file at `path`, or `nil` if there is no file.
    ///
    /// - Throws: ``HostRuleError`` if the file cannot be read, is somebody else's, may be written
    ///   by others, or cannot be understood. Start nothing then: the owner meant something.
    package static func read(_ path: String) throws(HostRuleError) -> HostRule? {
        func error(_ problem: String) -> HostRuleError {
            HostRuleError(path: path, line: nil, problem: problem)
        }
        let file: TrustedFile
        do throws(SystemError) {
            guard let found = try TrustedFile.read(path, limit: HostRuleReader.limit) else {
                return nil
            }
            file = found
        } catch let failure {
            throw error("\(failure)")
        }
        guard [0, HostUser.ownID].contains(file.owner) else {
            throw error("this belongs to user \(file.owner); give it to root or to the node's user")
        }
        guard file.mode & 0o022 == 0 else {
            let mode = String(file.mode, radix: 8)
            throw error("others may write this, its mode is \(mode); run chmod 644 on it")
        }
        guard let text = String(validating: file.bytes, as: UTF8.self) else {
            throw error("this is no UTF-8 text")
        }
        return try HostRuleReader.read(text, path: path)
    }
}
