// The commands about members and keys.

internal import CommandTable

extension RotaTable {
    private static let keyID = Argument("KEY", "The key's number")

    static let clusters = [
        Command(
            "cluster status",
            "Every member, and what is wrong with it",
            details: """
                As seen by the master that answers: who is there, how far its list and its clock \
                are off, how busy it is, and the key it seals with. Exits with 1 if something is \
                wrong with a member. -o wide shows addresses, releases and time zone data.
                """,
            examples: [
                Example("rota cluster status", "Is every member well?"),
                Example("rota cluster status -o json", "For a monitor; the exit code says it too."),
            ]
        ),
        Command(
            "cluster key list",
            "List the keys, and who has them",
            details: """
                Every member that is there is asked. Keys are shown by number and fingerprint; the \
                keys themselves are shown nowhere.
                """,
            examples: [Example("rota cluster key list", "Has every member got the new key?")]
        ),
        Command(
            "cluster key add",
            "Make a new key and give it to every member",
            details: """
                It is sealed to each member's identity and travels by the store; nothing is sealed \
                with it yet. A key that waits already is answered again instead of a second one. \
                Members that are away find it when they come back.
                """,
            options: [
                .repeated(
                    "forget",
                    "NAME",
                    "A member that is gone for good, or was stolen: it is given no key from now on"
                )
            ],
            examples: [
                Example("rota cluster key add", "The first of three steps."),
                Example("rota cluster key add --forget n3", "When n3 was stolen."),
            ]
        ),
        Command(
            "cluster key use",
            "Seal with this key from now on",
            details: """
                Refused while a member that is there has not got the key, or does not say.
                """,
            arguments: [keyID],
            examples: [Example("rota cluster key use 2", "The second of three steps.")]
        ),
        Command(
            "cluster key rm",
            "Take a key away: what is sealed with it is refused from now on",
            details: """
                Refused for the key in use, and while a member that is there seals with it. \
                Members that are away find the present keys in the store when they come back.
                """,
            arguments: [keyID],
            options: [confirmed],
            examples: [Example("rota cluster key rm 1 --yes", "The last of three steps.")]
        ),
    ]
}
