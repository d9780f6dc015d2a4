# The service of serve.py. Build it at the root of the repository, with the model beside:
#   docker build -f examples/serve.Dockerfile -t skrnn-serve .
#   docker run -p 8000:8000 -v "$PWD/models:/models" skrnn-serve
FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN pip install --no-cache-dir --prefix=/installed . "fastapi>=0.165" "uvicorn>=0.54" \
    --extra-index-url https://download.pytorch.org/whl/cpu

FROM python:3.12-slim
COPY --from=build /installed /usr/local
COPY examples/serve.py /srv/serve.py
RUN useradd --no-create-home service && install -d -o service /models
USER service
# The folder is writable: what streams remember is written there at the end.
VOLUME /models
EXPOSE 8000
# SIGTERM ends it once the requests that were begun are answered.
STOPSIGNAL SIGTERM
HEALTHCHECK CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health')"
ENTRYPOINT ["python", "/srv/serve.py", "--host", "0.0.0.0"]
CMD ["/models/model.skops"]
