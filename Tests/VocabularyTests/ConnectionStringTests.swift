import Testing
import Vocabulary

@Suite struct ConnectionStringTests {
    private func detail(_ text: String, template: Bool = false) -> String? {
        do throws(ConnectionString.Flaw) {
            _ = template ? try ConnectionString(template: text) : try ConnectionString(text)
            return nil
        } catch {
            return error.detail
        }
    }

    @Test func `keys and values come apart as the driver manager takes them`() throws {
        let whole = try ConnectionString("Driver={A b};  Server = db ;;Data Base=x;")
        #expect(whole.pairs.map(\.key) == ["driver", "server", "database"])
        #expect(whole.pairs.map(\.value) == ["A b", "db", "x"])
        let braces = try ConnectionString("pwd={a;b}}c};uid=")
        #expect(braces.pairs.map(\.value) == ["a;b}c", ""])
        #expect(try ConnectionString("shop").source == "shop")
        #expect(try ConnectionString("DSN=shop;uid=u;PWD=p").isSourceAlone)
        #expect(try !ConnectionString("DSN=shop;Database=/etc/x").isSourceAlone)
    }

    @Test(arguments: [
        "Driver=/tmp/evil.so", "DRIVER={/tmp/evil.so}", "driver = ./evil.so", "Driver=",
        "Driver=libevil.so.1", "Driver={evil.so}",
        "Driver=..;Database=x", "DSN=a;Driver={a/b}", "FILEDSN=/tmp/x.dsn", "SaveFile=/etc/passwd",
        "Driver=SQLite3;LoadExt=/tmp/evil.so", "Driver=SQLite3;TraceFile=/x", "Trace=1;DSN=a",
        "/tmp/x", "a{b", "DSN=a;b", "DSN=a;=b", "DSN={a", "DSN={a}b", "DSN=a{b}", "DSN=a;dsn=b",
        "D\u{0}SN=a", "DSN=a;Dri\u{2060}ver=/x",
    ])
    func `what loads code, reaches files or can be taken two ways is refused`(text: String) {
        #expect(detail(text) != nil)
    }

    @Test func `a template is judged by what stands around its names`() throws {
        for text in [
            "{{secret.A}}", "DSN={{secret.A}}", "shop_{{shard}}", "Driver=X;Server={{node}}.db",
            "DSN=a;Database={{open}}x",
        ] {
            #expect(detail(text, template: true) == nil, "\(text)")
        }
        for text in [
            "Driver={{secret.A}}", "Driver=a{{node}}", "DSN=a;{{secret.A}}=b",
            "DSN=a;{{secret.A}}", "DSN=a;Pwd={{secret.A}}", "DSN=a;Pass Word=x",
        ] {
            #expect(detail(text, template: true) != nil, "\(text)")
        }
        #expect(detail("DSN=a;Pwd={{secret.A}}", template: true)?.contains("password: ") == true)
        // What is filled in may complete it to something else, and is judged again.
        #expect(detail("DSN=a;Driver=/tmp/evil.so") != nil)
    }

    @Test func `no text is a trap`() {
        var random = SeededGenerator(seed: 3)
        let pieces = ["DSN", "=", ";", "{", "}", "}}", "{{", " ", "driver", "/", "x", "\u{FFFC}"]
        for _ in 0..<5_000 {
            let count = Int(random.next() % 9)
            let text = (0..<count).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }
            _ = detail(text.joined())
            _ = detail(text.joined(), template: true)
        }
    }
}
