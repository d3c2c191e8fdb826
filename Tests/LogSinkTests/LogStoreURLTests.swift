// What a `log:` setting may say.

import LogSink
import Testing

@Suite struct LogStoreURLTests {
    @Test func `a setting names a file or a server`() throws {
        #expect(try LogStoreURL("sqlite:///var/lib/rota/logs.db") == .local(in: "/var/lib/rota"))
        let server = "postgres://rota@db.example/rota?schema=logs&sslmode=require"
        #expect(try LogStoreURL(server) == .postgres(server))
    }

    @Test(arguments: [
        ("/var/lib/logs.db", "no kind of log store"),
        ("sqlite://logs.db", "sqlite:///var/lib/rota/logs.db"),
        ("sqlite:///var/lib/", "sqlite:///var/lib/rota/logs.db"),
        ("mysql://host/db", "mysql:// is no kind"),
        ("postgres://host/db?schema=PG", "\"PG\" is no name"),
        ("postgres://host/db?nonsense=1", "postgres://user@host:5432/database"),
    ])
    func `one that names neither says what to write`(_ text: String, _ words: String) {
        let error = #expect(throws: LogError.self) { try LogStoreURL(text) }
        #expect(error.map { "\($0)".contains(words) } == true, "\(String(describing: error))")
    }

    @Test func `a password is not in the complaint`() {
        let server = "postgres://a:geheim@h/d"
        for text in [server + "?x=1", server + "?schema=1", "a:geheim@h"] {
            let error = #expect(throws: LogError.self) { try LogStoreURL(text) }
            #expect(error.map { "\($0)".contains("geheim") } == false)
        }
    }
}
