// How somebody else says that asynchronous work is over.

internal import Documents
internal import Sealing
internal import Vocabulary

/// The body of a call to `Rota-Callback`: `{"state": "succeeded", "message": "…"}`.
package struct CallbackOutcome: Equatable, Sendable {
    package static let byteLimit = 65_536
    package static let messageLimit = 1_024

    package let succeeded: Bool
    /// What the other side says about it; without control characters, and cut to 1,024 characters.
    package let message: String

    package init(succeeded: Bool, message: String = "") {
        self.succeeded = succeeded
        self.message = String(
            message.prefix(Self.messageLimit)
                .map { $0.isNewline || $0.unicodeScalars.contains { $0.value < 0x20 } ? " " : $0 }
        )
    }

    /// Why a body says nothing, with what to write instead.
    package struct Flaw: Error, Equatable, Sendable {
        package let detail: String
    }

    /// Reads a body that a stranger has sent.
    package init(body: [UInt8]) throws(Flaw) {
        let value: Value
        do throws(DocumentError) {
            value = try JSON.parse(body, limit: Self.byteLimit)
        } catch {
            throw Flaw(detail: error.description)
        }
        guard let state = value["state"]?.string, ["succeeded", "failed"].contains(state) else {
            throw Flaw(
                detail: #"write {"state": "succeeded"}, or "failed" with a "message""#
            )
        }
        self.init(succeeded: state == "succeeded", message: value["message"]?.string ?? "")
    }
}

/// Where the end of one run's asynchronous work is told.
package struct CallbackAddress: Equatable, Sendable {
    /// Handed to the server in `Rota-Callback`; has the token in it.
    package let url: String
    /// What a caller must know; nobody can guess it.
    package let token: String

    package init(url: String, token: String) {
        self.url = url
        self.token = token
    }

    /// 256 bits that nobody can guess, in hexadecimal digits.
    static func makeToken() -> String {
        SecureRandom.bytes(32).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// Takes the same time for every wrong token of the right length.
    func isToken(_ text: String) -> Bool {
        let (mine, theirs) = (Array(token.utf8), Array(text.utf8))
        guard mine.count == theirs.count, !mine.isEmpty else { return false }
        return zip(mine, theirs).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
