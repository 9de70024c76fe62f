"""A newspaper in one file of Django: pages for everybody, and one that knows who is signed in by a session cookie.

    python news.py runserver 127.0.0.1:8000 --noreload
"""

import os
import sys
import time

from django.conf import settings

settings.configure(
    DEBUG=False,
    SECRET_KEY=os.environ.get("SECRET_KEY") or os.urandom(32).hex(),
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
)

from django.core.management import execute_from_command_line  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import Http404, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.http import require_GET, require_POST  # noqa: E402

PAUSE = float(os.environ.get("PAUSE_MS", "150")) / 1000
articles = {number: {"id": number, "title": f"Article {number}", "reads": 0} for number in range(1, 21)}


@require_GET
def front_page(request):
    time.sleep(PAUSE)
    return JsonResponse({"articles": list(articles.values())[:10]})


@require_GET
def article(request, number):
    time.sleep(PAUSE)
    if number not in articles:
        raise Http404
    return JsonResponse(articles[number])


@require_POST
def retitle(request, number):
    articles[number]["title"] = request.POST["title"]
    return JsonResponse(articles[number])


@require_POST
def sign_in(request):
    request.session["name"] = request.POST["name"]
    return JsonResponse({"name": request.POST["name"]})


@require_GET
def me(request):
    time.sleep(PAUSE)
    name = request.session.get("name")
    return JsonResponse({"name": name}) if name else JsonResponse({"error": "sign in first"}, status=401)


urlpatterns = [
    path("articles/", front_page),
    path("articles/<int:number>/", article),
    path("articles/<int:number>/title/", retitle),
    path("sign-in/", sign_in),
    path("me/", me),
]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
