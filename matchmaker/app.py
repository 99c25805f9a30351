"""`create_app`: puts the house together. The only module that imports every feature."""

from __future__ import annotations

import logging
from datetime import timedelta
from importlib import import_module

from flask import Flask, g, request
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect

from matchmaker import config
from matchmaker.accounts import sessions
from matchmaker.accounts.views import blueprint as accounts
from matchmaker.config import Settings
from matchmaker.core import access, db, jobs, messages, taxonomy
from matchmaker.core.access import Actor
from matchmaker.core.web import assets, errors, filters, i18n, navigation, paging, security, theme
from matchmaker.core.web.seal import seal
from matchmaker.dashboard import jobs as _new_match_jobs  # noqa: F401  (registers its puller)
from matchmaker.dashboard.desk_views import blueprint as desk
from matchmaker.dashboard.export_views import blueprint as exports
from matchmaker.dashboard.views import blueprint as dashboard
from matchmaker.deals import jobs as _deal_jobs  # noqa: F401  (registers its puller)
from matchmaker.deals.notice_views import blueprint as notices
from matchmaker.deals.paperwork import jobs as _contract_jobs  # noqa: F401  (registers its puller)
from matchmaker.deals.paperwork.views import blueprint as paperwork
from matchmaker.deals.simulator.views import blueprint as simulator
from matchmaker.deals.views import blueprint as deals
from matchmaker.introductions.views import blueprint as introductions
from matchmaker.listings.caution_views import blueprint as cautions
from matchmaker.listings.drafting_views import blueprint as drafting
from matchmaker.listings.intake import jobs as _intake_jobs  # noqa: F401  (registers its puller)
from matchmaker.listings.intake.views import blueprint as intake
from matchmaker.listings.views import blueprint as listings
from matchmaker.matching import duplicate_jobs as _duplicate_jobs  # noqa: F401  (registers its puller)
from matchmaker.matching import file_twins as _file_twins  # noqa: F401  (registers its comparison)
from matchmaker.matching import jobs as _matching_jobs  # noqa: F401  (registers its puller)
from matchmaker.matching import learning as _matching_learning  # noqa: F401  (likewise)
from matchmaker.matching.duplicate_views import blueprint as duplicates
from matchmaker.matching.finding_views import blueprint as finding
from matchmaker.matching.judging_views import blueprint as judging
from matchmaker.matching.preview_views import blueprint as previews
from matchmaker.matching.quality_views import blueprint as quality
from matchmaker.matching.views import blueprint as matching
from matchmaker.subsidies import jobs as _claim_jobs  # noqa: F401  (registers its puller)
from matchmaker.subsidies import views as _subsidies_views  # noqa: F401  (enters its views)
from matchmaker.subsidies.blueprint import blueprint as subsidies

FEATURES_WITH_TASKS = ("accounts", "listings", "introductions", "deals", "subsidies")
BLUEPRINTS = (
    accounts, listings, drafting, cautions, intake, matching, judging, duplicates, quality, previews, finding,
    dashboard, desk, exports, introductions, deals, notices, paperwork,
    simulator, subsidies,
)  # fmt: skip


def create_app(settings: Settings | None = None) -> Flask:
    """The whole application. Refuses to start on bad settings or on a view that says nothing of its readers."""
    settings = settings or Settings.from_environment()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    app = Flask("matchmaker", template_folder=str(config.TEMPLATES))
    app.extensions["matchmaker.settings"] = settings
    app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(minutes=30)
    security.init_app(app, settings)
    db.init_app(app, settings)
    i18n.init_app(app)
    jobs.init_app(app, settings)
    CSRFProtect(app)
    _sign_in(app)
    for feature in FEATURES_WITH_TASKS:
        import_module(f"matchmaker.{feature}.tasks")  # enters what waits for whom
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.init_app(app)
    assets.init_app(app)
    _templates(app, settings)
    seal(app, _actor)
    return app


def _sign_in(app: Flask) -> None:
    manager = LoginManager(app, add_context_processor=False)  # which asks for the person on every page, of errors too
    manager.user_loader(sessions.load)


def _actor() -> Actor:
    return sessions.current_actor()


def _templates(app: Flask, settings: Settings) -> None:
    env = app.jinja_env
    env.trim_blocks = env.lstrip_blocks = True
    env.filters.update(
        money=filters.money_on_page,
        exact_money=filters.exact_money,
        day=filters.day,
        moment=filters.moment,
        number=filters.number,
        percent=filters.percent,
        label=messages.label,
        phrase=messages.phrase,
        say=messages.say,
    )
    env.globals.update(
        may=lambda permission, row=None: access.may(g.actor, access.permission(permission), row),
        menu=navigation.menu,
        page_url=paging.page_url,
        file_url=paging.file_url,
        in_language=filters.in_language,
        taxonomy=taxonomy,
        themes=theme.THEMES,
        demo=settings.demo,
        places=sessions.places,
    )

    @app.context_processor
    def request_values() -> dict[str, object]:
        return {
            "actor": g.get("actor", access.ANONYMOUS),
            "csp_nonce": g.get("csp_nonce", ""),
            "request_id": g.get("request_id", ""),
            "language": "zh-CN" if filters.chinese() else "en",
            "theme": theme.chosen(),
            "here": request.full_path.rstrip("?"),
        }
