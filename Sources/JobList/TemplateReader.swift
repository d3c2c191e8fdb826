// Members of a document that are templates.

internal import Vocabulary

extension MemberReader {
    /// Names what is wrong with `text` as a template at `name`.
    ///
    /// A secret is a fault where its value would not stay out of sight.
    func checkTemplate(_ text: String, at name: String, mayHoldSecrets: Bool = true) {
        checkTemplate(text, pointer: place(name), mayHoldSecrets: mayHoldSecrets)
    }

    func checkTemplate(_ text: String, pointer: String, mayHoldSecrets: Bool = true) {
        do throws(TaskTemplate.Flaw) {
            let template = try TaskTemplate(text)
            guard !mayHoldSecrets, let secret = template.secrets.min() else { return }
            faults.add(
                pointer,
                "{{secret.\(secret)}} would be seen here; write it where nobody looks"
            )
        } catch {
            faults.add(pointer, error.detail)
        }
    }

    /// A text that may keep a secret only by its name, such as a password.
    func secretTemplate(_ name: String, limit: Int) -> String? {
        guard let text = text(name, limit: limit) else { return nil }
        checkTemplate(text, at: name)
        if let template = try? TaskTemplate(text), template.secrets.isEmpty {
            fault(
                name,
                "everybody who sees the list would see this; write {{secret.NAME}}, and under "
                    + "secrets where nodes find it"
            )
        }
        return text
    }
}
