"""Light, dark, or as the system has it: kept in a cookie, right from the first paint."""


def test_readers_follow_their_system_until_they_choose(client):
    page = client.get("/").get_data(as_text=True)
    assert "data-theme" not in page.split("<head>")[0]


def test_a_choice_is_kept_and_leads_back(client):
    answer = client.post("/theme", data={"theme": "dark"}, headers={"Referer": "http://localhost/needs?q=a"})
    assert answer.location == "/needs?q=a"
    assert 'data-theme="dark"' in client.get("/").get_data(as_text=True)
    client.post("/theme", data={"theme": ""})
    assert "data-theme=" not in client.get("/").get_data(as_text=True).split("<head>")[0]


def test_what_is_no_theme_is_not_kept(client):
    assert "Set-Cookie" not in client.post("/theme", data={"theme": "pink"}).headers
    client.set_cookie("theme", "pink")
    assert "pink" not in client.get("/").get_data(as_text=True)


def test_the_way_back_stays_on_this_host(client):
    for referrer in ("https://elsewhere.example//evil.example", "nonsense", ""):
        assert client.post("/theme", data={"theme": "dark"}, headers={"Referer": referrer}).location == "/"
